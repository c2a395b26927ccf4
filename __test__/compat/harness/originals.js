'use strict';

/** The names of the packages that we stand in for, in short. */

const HTTP_PROXY = 'http-proxy';
const HTTP_PROXY_3 = 'http-proxy-3';
const HTTPXY = 'httpxy';
const HPM_2 = 'http-proxy-middleware 2';
const HPM_3 = 'http-proxy-middleware 3';
const HPM_4 = 'http-proxy-middleware 4';

module.exports = {
  HTTP_PROXY,
  HTTP_PROXY_3,
  HTTPXY,
  HPM_2,
  HPM_3,
  HPM_4,
  /** Those with a callback, named passes and the options of the call before those of the proxy. */
  LEGACY: [HTTP_PROXY, HTTP_PROXY_3],
  ORIGINALS: [HTTP_PROXY, HTTP_PROXY_3, HTTPXY],
  MIDDLEWARES: [HPM_2, HPM_3, HPM_4],
};
