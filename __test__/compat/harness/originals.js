'use strict';

/** The names of the packages that we stand in for, in short. */

const HTTP_PROXY = 'http-proxy';
const HTTP_PROXY_3 = 'http-proxy-3';
const HTTPXY = 'httpxy';

module.exports = {
  HTTP_PROXY,
  HTTP_PROXY_3,
  HTTPXY,
  /** Those with a callback, named passes and the options of the call before those of the proxy. */
  LEGACY: [HTTP_PROXY, HTTP_PROXY_3],
  ORIGINALS: [HTTP_PROXY, HTTP_PROXY_3, HTTPXY],
};
