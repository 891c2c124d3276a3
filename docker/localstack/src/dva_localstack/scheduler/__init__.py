"""EventBridge Scheduler: moto keeps the schedules, and these modules check them and invoke their targets."""
