import { ownTests } from '../../helpers/own-tests.js';

// Spark, which a project has only where it asks for it, as it is larger than all else together, and the connector of Snowflake.
ownTests('chalk', ['spark', 'snowflake'], ['features-extras']);
