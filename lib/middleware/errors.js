'use strict';

/** An error of the middleware's own, as http-proxy-middleware names and numbers it. */
class HttpProxyMiddlewareError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   */
  constructor(message, code) {
    super(message);
    this.name = 'HttpProxyMiddlewareError';
    this.code = code;
  }
}

module.exports = { HttpProxyMiddlewareError };
