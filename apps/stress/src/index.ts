export { builtInProfiles, parseProfile, type Profile, ProfileError } from './profile.ts';
export { runStress, type StressIo } from './stress.ts';
