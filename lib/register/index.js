'use strict';

/**
 * `node --import rs-proxy-middleware/register`: whoever asks for one of the packages that this one stands in for gets this one, by `require`
 * as by `import`, without a change of their own.
 */

const { engineFailure } = require('../bridge/availability.js');
const { warn } = require('./replacements.js');

const failure = engineFailure();
if (failure === null) require('./hooks.js').install();
else warn(`The engine cannot be loaded (${failure.message}); nothing is redirected`);
