'use strict';

const { createProxyServer } = require('../../index.js');
const { PORT, settings, answerCpuReadings } = require('../serve.js');

createProxyServer({ target: settings.target }).listen(PORT, {
  host: '127.0.0.1',
  maxRequestsPerSocket: 2 ** 31 - 1,
});
answerCpuReadings();
