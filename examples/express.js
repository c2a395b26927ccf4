'use strict';

const express = require('express');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const app = express();

app.use(
  '/api',
  createProxyMiddleware({
    target: process.env.TARGET ?? 'http://localhost:9000',
    changeOrigin: true,
    on: {
      proxyReq: (proxyReq, req) => {
        proxyReq.setHeader('x-original-url', req.originalUrl);
      },
      error: (error, req, res) => {
        if (res.headersSent) return;
        res.statusCode = error.status ?? 502;
        res.end(`The service cannot be reached: ${error.code}\n`);
      },
    },
  }),
);

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on port ${server.address().port}`);
});
