'use strict';

const { createProxyServer } = require('../../index.js');
const { CERTIFICATE, KEY } = require('../certificate.js');
const { addHooks } = require('../hooks.js');
const { PORT, BACKLOG, settings, answerCpuReadings } = require('../serve.js');

const ssl = settings.front === '' ? undefined : { cert: CERTIFICATE, key: KEY };
const proxy = createProxyServer({ target: settings.target, ssl });
addHooks(proxy, settings.hooks);
proxy.listen(PORT, { host: '127.0.0.1', maxRequestsPerSocket: 2 ** 31 - 1, backlog: BACKLOG });
answerCpuReadings();
