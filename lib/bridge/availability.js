'use strict';

/**
 * Why the engine's binary cannot be loaded here, for those who have something else to go on with.
 *
 * @returns {Error | null} null if it can be
 */
function engineFailure() {
  try {
    require('../native/binding.js');
    return null;
  } catch (error) {
    return error;
  }
}

module.exports = { engineFailure };
