import { networkInterfaces } from 'node:os';

/** Whether this machine is connected to anything but itself. */
export const hasNetwork = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
