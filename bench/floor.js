'use strict';

const { SMALL_BODY, LARGE_BODY, RESPONSE_HEADERS } = require('./payload.js');

/** The request listener of a server without a proxy: it answers what the upstream would. */
function answerItself(req, res) {
  const body = req.url === '/large' ? LARGE_BODY : SMALL_BODY;
  const answer = () => {
    res.writeHead(200, { ...RESPONSE_HEADERS, 'Content-Length': body.length });
    res.end(body);
  };
  if (req.method === 'POST') req.resume().on('end', answer);
  else answer();
}

module.exports = { answerItself };
