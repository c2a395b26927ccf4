'use strict';

/** Parsed form fields as `multipart/form-data` (RFC 7578). Files are not among them: body parsers keep those elsewhere. */

const { HttpProxyMiddlewareError } = require('./errors.js');

const LINE_BREAK = /[\r\n]/;
const BOUNDARY = /;\s*boundary=(?:"([^"]*)"|([^;]*))/i;

/**
 * Writes fields so that no name or value can be taken for another part.
 *
 * @param {string} contentType names the boundary; without a parameter it is the boundary itself, as in http-proxy-middleware
 * @param {Record<string, unknown>} fields
 * @returns {string}
 * @throws {HttpProxyMiddlewareError} if one cannot be written
 */
function stringifyMultipart(contentType, fields) {
  const boundary = boundaryOf(contentType);
  const parts = Object.entries(fields).map(([name, value]) => part(boundary, name, String(value)));
  return `${parts.join('')}--${boundary}--\r\n`;
}

function boundaryOf(contentType) {
  const match = BOUNDARY.exec(contentType);
  const boundary = match === null ? contentType : (match[1] ?? match[2]).trim();
  if (boundary === '' || LINE_BREAK.test(boundary)) {
    throw new HttpProxyMiddlewareError(
      '[HPM] invalid multipart boundary detected.',
      'HPM_ERR_INVALID_MULTIPART_BOUNDARY',
    );
  }
  return boundary;
}

function part(boundary, name, value) {
  if (LINE_BREAK.test(name)) {
    throw new HttpProxyMiddlewareError(
      `[HPM] invalid multipart field name "${name}" detected.`,
      'HPM_ERR_INVALID_MULTIPART_FIELD_NAME',
    );
  }
  if (LINE_BREAK.test(value) || value.includes(`--${boundary}`)) {
    throw new HttpProxyMiddlewareError(
      `[HPM] invalid multipart field value for "${name}" detected.`,
      'HPM_ERR_INVALID_MULTIPART_FIELD_VALUE',
    );
  }
  const escaped = name.replace(/[\\"]/g, '\\$&');
  return `--${boundary}\r\nContent-Disposition: form-data; name="${escaped}"\r\n\r\n${value}\r\n`;
}

module.exports = { stringifyMultipart };
