'use strict';

const express = require('express');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const app = express();
app.get('/', (req, res) => res.send(`Hello ${req.ip}\n`));

const api = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  on: {
    error: (error, req, res) => res.writeHead(502).end(`The target cannot be reached: ${error.code}\n`),
  },
});

// What begins with /api goes from client to target without JavaScript, also while the application is busy; the rest is the application's.
const door = api.listen(process.env.PORT ?? 8000, { host: '127.0.0.1', fallback: app }, () => {
  console.log(`Listening on port ${door.address().port}`);
});
