'use strict';

const isGlob = require('is-glob');
const picomatch = require('picomatch');
const { pathOf } = require('./request-path.js');

function createPathFilter(pathFilter = '/') {
  if (typeof pathFilter === 'function') return (url, req) => Boolean(pathFilter(pathOf(url), req));
  const patterns = Array.isArray(pathFilter) ? pathFilter : [pathFilter];
  if (patterns.every((p) => typeof p === 'string' && !isGlob(p)))
    return (url) => patterns.some((p) => pathOf(url)?.startsWith(p) === true);
  if (!patterns.every((p) => isGlob(p))) {
    if (Array.isArray(pathFilter))
      throw Object.assign(
        new Error(
          '[HPM] Invalid pathFilter. Plain paths (e.g. "/api") can not be mixed with globs (e.g. "/api/**"). Expecting something like: ["/api", "/ajax"] or ["/api/**", "!**.html"].',
        ),
        { code: 'HPM_INVALID_PATH_FILTER_ARRAY_CONFIG' },
      );
    throw Object.assign(
      new Error('[HPM] Invalid pathFilter. Expecting something like: "/api" or ["/api", "/ajax"]'),
      { code: 'HPM_INVALID_PATH_FILTER_CONFIG' },
    );
  }
  const globs = patterns.map((p) => picomatch(p, {}, true));
  const negated = globs.map((glob) => Boolean(glob.state.negated || glob.state.negatedExtglob));
  return (url) => {
    const path = pathOf(url);
    let keep = negated.every(Boolean);
    for (let i = 0; i < globs.length; i += 1) if (globs[i](path) !== negated[i]) keep = !negated[i];
    return keep;
  };
}

module.exports = { createPathFilter };
