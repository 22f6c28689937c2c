import * as v from 'valibot';
import { DeliveryError, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';

/**
 * Services that Alertmanager delivers to and we do not. A file that names one loads, with a line in the log; deliveries
 * fail at once, so that the history says so and a fallback receiver takes over.
 */
export const UNSUPPORTED_KINDS: readonly ReceiverKind[] = ['wechat', 'jira'].map((name) =>
  receiverKind<CommonConfig>({
    name,
    sendResolved: name !== 'wechat',
    schema: v.looseObject({}) as unknown as v.GenericSchema<unknown, CommonConfig>,
    create: (_, { logger }) => {
      logger.warn({ receiver_kind: name }, 'Prunella cannot deliver to this kind of receiver');
      return () => Promise.reject(new DeliveryError(`Prunella cannot deliver to ${name}`, { retry: false }));
    },
  }),
);
