// A worker that never starts.

throw new Error('stillborn');
