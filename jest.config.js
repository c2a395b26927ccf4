'use strict';

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__test__/**/*.test.js'],
  // Folders with a package.json or a .node of their own, which jest would index.
  modulePathIgnorePatterns: ['<rootDir>/target/', '<rootDir>/npm/', '<rootDir>/fuzz/'],
  // Sockets and child processes on a busy machine; a test that hangs still fails.
  testTimeout: 20_000,
};
