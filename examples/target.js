'use strict';

/** A target to try the other examples with: it tells what it was asked. */

const http = require('node:http');

const server = http.createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk;
  const { method, url, headers } = req;
  res.setHeader('content-type', 'application/json');
  res.end(`${JSON.stringify({ service: server.address().port, method, url, headers, body }, null, 2)}\n`);
});

server.listen(process.env.PORT ?? 9000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
