"""The workflow of one execution: one activity, not repeated, so that a failure is seen at once."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy


@workflow.defn(name="ExecutionWorkflow")
class ExecutionWorkflow:
    @workflow.run
    async def run(self, execution: str, message: str) -> str:
        return await workflow.execute_activity(
            "ExecuteGraphton", args=[execution, message], result_type=str, start_to_close_timeout=timedelta(seconds=60), retry_policy=RetryPolicy(maximum_attempts=1)
        )
