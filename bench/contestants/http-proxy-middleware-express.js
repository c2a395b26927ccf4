'use strict';

const express = require('express');
const { serve, badGateway } = require('../serve.js');

serve(async ({ target }) => {
  const { createProxyMiddleware } = await import('http-proxy-middleware');
  return express().use(createProxyMiddleware({ target, on: { error: badGateway } }));
});
