'use strict';

const fastify = require('fastify');
const httpProxy = require('@fastify/http-proxy');
const { PORT, settings, answerCpuReadings } = require('../serve.js');
const { HOOK_REQUEST_HEADER, HOOK_RESPONSE_HEADER, HOOK_VALUE } = require('../payload.js');

const replyOptions = settings.hooks
  ? {
      rewriteRequestHeaders: (req, headers) => ({ ...headers, [HOOK_REQUEST_HEADER]: HOOK_VALUE }),
      rewriteHeaders: (headers) => ({ ...headers, [HOOK_RESPONSE_HEADER]: HOOK_VALUE }),
    }
  : {};

const server = fastify();
server.register(httpProxy, { upstream: settings.target, replyOptions });
server.listen({ port: PORT, host: '127.0.0.1' });
answerCpuReadings();
