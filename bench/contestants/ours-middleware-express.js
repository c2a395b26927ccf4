'use strict';

const express = require('express');
const { createProxyMiddleware } = require('../../index.js');
const { serve, badGateway } = require('../serve.js');

serve(({ target }) => express().use(createProxyMiddleware({ target, on: { error: badGateway } })));
