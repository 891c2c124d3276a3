"""Schedule expressions of AWS, and a clock that acts when they are due: for EventBridge rules and the Scheduler."""
