'use strict';

const fastProxy = require('fast-proxy');
const { serve } = require('../serve.js');
const { HOOK_REQUEST_HEADER, HOOK_RESPONSE_HEADER, HOOK_VALUE } = require('../payload.js');

serve(({ target, hooks }) => {
  const { proxy } = fastProxy({ base: target, undici: {} });
  const perCall = hooks
    ? {
        rewriteRequestHeaders: (req, headers) => ({ ...headers, [HOOK_REQUEST_HEADER]: HOOK_VALUE }),
        rewriteHeaders: (headers) => ({ ...headers, [HOOK_RESPONSE_HEADER]: HOOK_VALUE }),
      }
    : {};
  return (req, res) => proxy(req, res, req.url, perCall);
});
