import { ownTests } from '../../helpers/own-tests.js';

// Spark and Ray, which a project has only where it asks for them, as they are larger than all else together, and the connector of Snowflake.
ownTests('chalk', ['spark', 'snowflake', 'ray'], ['demo', 'features-extras']);
