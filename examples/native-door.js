'use strict';

const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({ target: process.env.TARGET ?? 'http://localhost:9000', xfwd: true });

proxy.listen(process.env.PORT ?? 8000, { host: '127.0.0.1' }, () => {
  console.log(`Listening on port ${proxy.address().port}`);
});
