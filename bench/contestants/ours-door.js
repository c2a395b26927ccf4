'use strict';

const { createProxyServer } = require('../../index.js');
const { setRequestHeader, setResponseHeader } = require('../hooks.js');
const { PORT, settings, answerCpuReadings } = require('../serve.js');

const proxy = createProxyServer({ target: settings.target });
if (settings.hooks) proxy.on('proxyReq', setRequestHeader).on('proxyRes', setResponseHeader);
proxy.listen(PORT, { host: '127.0.0.1', maxRequestsPerSocket: 2 ** 31 - 1 });
answerCpuReadings();
