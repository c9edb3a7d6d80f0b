import { ownTests } from '../../helpers/own-tests.js';

ownTests('chalk');
