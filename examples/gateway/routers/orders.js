'use strict';

const { Router } = require('express');

/** @param {import('express').RequestHandler} forward */
module.exports = (forward) =>
  Router().get('/', forward).post('/', forward).get('/:id', forward).post('/:id/cancel', forward);
