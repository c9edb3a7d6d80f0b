import { ownTests } from '../../helpers/own-tests.js';

ownTests('agentic', [], ['demo']);
