'use strict';

/** What `fetchOptions.onBeforeRequest` gets to edit: the request as `fetch` would be told of it. */

/**
 * @param {import('./request-head.js').RequestHead} head
 * @param {import('node:stream').Readable | Buffer | undefined} body
 * @param {RequestInit | undefined} given the option `fetchOptions.requestOptions`; fields of its own take the place of all others
 * @returns {RequestInit & { headers: Headers }}
 */
function requestOptions({ method, fields }, body, given) {
  const options = { method, ...given };
  options.headers = new Headers(given?.headers);
  if (!given?.headers)
    for (let i = 0; i < fields.length; i += 2) options.headers.append(fields[i], fields[i + 1]);
  if (options.body === undefined && body !== undefined) options.body = body;
  if (typeof options.body?.pipe === 'function') options.duplex = 'half';
  return options;
}

/**
 * The fields as a hook has left them: a Headers, one that properties were assigned to as http-proxy-3 shows it, or anything that can become one.
 *
 * @param {unknown} headers
 * @returns {Headers}
 */
function editedHeaders(headers) {
  const edited = new Headers(headers);
  if (headers instanceof Headers) {
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || value === null) edited.delete(name);
      else if (Array.isArray(value)) setAll(edited, name, value);
      else edited.set(name, `${value}`);
    }
  }
  return edited;
}

function setAll(headers, name, values) {
  headers.delete(name);
  for (const value of values) headers.append(name, `${value}`);
}

/** What the engine knows; all else only `fetch` does. */
const KNOWN = new Set(['body', 'duplex', 'headers', 'method', 'signal']);

/** Whether the engine can send it. */
function isForEngine(init) {
  const isPlain = (value) =>
    value === undefined ||
    value === null ||
    typeof value === 'string' ||
    ArrayBuffer.isView(value) ||
    typeof value.pipe === 'function';
  const others = Object.keys(init).filter((name) => !KNOWN.has(name) && init[name] !== undefined);
  return isPlain(init.body) && others.every((name) => name === 'redirect' && init.redirect === 'manual');
}

module.exports = { editedHeaders, isForEngine, requestOptions };
