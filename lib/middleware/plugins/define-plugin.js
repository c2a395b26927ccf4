'use strict';

/**
 * Gives a plugin back. In TypeScript, and in editors, it types the plugin's parameters.
 *
 * @param {import('../../../index.js').Plugin} plugin
 */
function definePlugin(plugin) {
  return plugin;
}

module.exports = { definePlugin };
