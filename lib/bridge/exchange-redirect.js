'use strict';

/** A response that redirects, where redirects are followed: the next hop takes the place of the exchange. */

const { proxyError } = require('./errors.js');
const { ExchangeRequest } = require('./exchange-request.js');

class ExchangeRedirect extends ExchangeRequest {
  /**
   * Follows a redirect.
   *
   * @param {number} status
   * @param {string} text the packed head, as the target sent it
   * @returns {boolean} whether there is nothing left to do with the response
   */
  _follow(status, text) {
    const { redirects } = this._call;
    const location = redirects.locationOf(status, text);
    if (location === undefined || this._res.headersSent || this._res.writableEnded) return false;
    if (redirects.isExhausted) {
      if (!redirects.isEndless) return false;
      this.fail(failure('ERR_FR_TOO_MANY_REDIRECTS', 'Maximum number of redirects exceeded'));
      return true;
    }
    let hop;
    try {
      hop = redirects.next(status, location, this._route, this._proxyReq);
    } catch (cause) {
      const message = `Redirected request failed: ${cause.message}`;
      this.fail(Object.assign(failure('ERR_FR_REDIRECTION_FAILURE', message), { cause }));
      return true;
    }
    if (hop.keepsBody && !this.#isBodyKept) {
      const message =
        'Request body larger than maxBodyLength limit: it cannot be sent again to where the target redirects it';
      this.fail(failure('ERR_FR_MAX_BODY_LENGTH_EXCEEDED', message));
      return true;
    }
    redirects.follow(status, text, this._route, this._proxyReq);
    this.#goOn(hop);
    return true;
  }

  /** Whether all of the body that was read can be sent again, and the rest of it as well. */
  get #isBodyKept() {
    const upload = this._upload;
    return upload === null || (upload.isKept && (this._mirror === null || upload.isOver));
  }

  #goOn(hop) {
    const { attempts, options, redirects } = this._call;
    // From here on the target is what the redirect says.
    attempts?.end();
    this._call.attempts = undefined;
    const upload = this._upload;
    if (!hop.keepsBody && this._mirror !== null) {
      // The mirror still gets it.
      this._stopUpload();
      this._upload = null;
    }
    const next = new this.constructor(this._proxy, this._req, this._res, this._call);
    this._replaceBy(next);
    if (!hop.keepsBody && next._mirror === null) upload?.letGo();
    if (options.timeouts?.total > 0) next.limitTotal(Math.max(options.timeouts.total - redirects.elapsed, 0));
    next._beginHop(hop);
  }
}

function failure(code, message) {
  return proxyError(code, message, 502, 'head', 'upstream');
}

module.exports = { ExchangeRedirect };
