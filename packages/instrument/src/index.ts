export { UNMATCHED } from './endpoint.ts';
export { exposition, type Exposition } from './exposition.ts';
export { instrumentExpress, type ExpressMiddleware, type ExpressOptions } from './express.ts';
export type { FinishedRequest } from './families.ts';
export { instrumentFastify } from './fastify.ts';
export { instrumentHttp, type HttpOptions } from './http.ts';
export { Instrumentation, type InstrumentOptions } from './instrumentation.ts';
export {
  PROFILES,
  readSettings,
  type Environment,
  type Profile,
  type Settings,
  type SettingsInput,
  SettingsError,
} from './settings.ts';
