'use strict';

/**
 * The least a JavaScript proxy can do on the fastest client there is: headers and body copied both ways,
 * back pressure kept, nothing else. Raw header handlers, because they skip building a header object.
 */

const { Pool } = require('undici');
const { CERTIFICATE } = require('../certificate.js');
const { serve, badGateway } = require('../serve.js');

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

serve(({ target, over }) => {
  const secure = { allowH2: over === 'h2', connect: { ca: CERTIFICATE } };
  const pool = new Pool(target, over === '' ? {} : secure);
  return (req, res) => {
    const body = req.method === 'GET' || req.method === 'HEAD' ? null : req;
    const headers = endToEnd(req.rawHeaders);
    pool.dispatch({ path: req.url, method: req.method, headers, body }, new Relay(req, res));
  };
});

class Relay {
  constructor(req, res) {
    this.req = req;
    this.res = res;
  }

  onConnect(abort) {
    this.res.on('close', () => {
      if (!this.res.writableFinished) abort();
    });
  }

  onHeaders(status, rawHeaders, resume, statusText) {
    this.res.writeHead(status, statusText, endToEnd(rawHeaders.map(latin1)));
    this.res.on('drain', resume);
    return true;
  }

  onData(chunk) {
    return this.res.write(chunk);
  }

  onComplete() {
    this.res.end();
  }

  onError(error) {
    badGateway(error, this.req, this.res);
  }
}

function latin1(bytes) {
  return bytes.latin1Slice();
}

function endToEnd(rawHeaders) {
  const kept = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[i].toLowerCase())) kept.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return kept;
}
