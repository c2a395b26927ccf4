'use strict';

const { Router } = require('express');

/** Products are read from outside, and written from inside alone. @param {import('express').RequestHandler} forward */
module.exports = (forward) => Router().get('/', forward).get('/:id', forward).get('/:id/reviews', forward);
