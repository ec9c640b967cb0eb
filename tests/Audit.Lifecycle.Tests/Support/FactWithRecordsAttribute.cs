namespace Audit.Lifecycle.Tests.Support;

[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithRecordsAttribute : FactAttribute
{
    public FactWithRecordsAttribute()
    {
        if (Fixtures.RecordsPath is null)
        {
            Skip = "The folder shared/fixtures with agent-sdk/records.jsonl does not lie beside this checkout.";
        }
    }
}
