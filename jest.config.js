'use strict';

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__test__/**/*.test.js'],
  // Folders with a package.json or a .node of their own, which jest would index.
  modulePathIgnorePatterns: ['<rootDir>/target/', '<rootDir>/npm/', '<rootDir>/fuzz/'],
  // Most tests wait for most of their time: two files at once left two cores a third of theirs.
  maxWorkers: 3,
  // Sockets and child processes on a busy machine; a test that hangs still fails.
  testTimeout: 20_000,
};
