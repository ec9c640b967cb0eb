using System.Text;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

public sealed class AgentSdkTests
{
    private static readonly ItemReader Items = new(new RecordHasher(new byte[RecordHasher.KeyLength]));

    [Theory]
    [InlineData("requires_confirmation", """{"kind":"requires_confirmation","description":"please?","listen_context":null}""")]
    [InlineData("blocked", """{"kind":"blocked","reason":"policy denied"}""")]
    [InlineData("cached", """{"kind":"cached","result":{"success":true,"output":"x","data":null,"duration_ms":12}}""")]
    [InlineData("replayed", """{"kind":"replayed","result":{"success":true,"output":"x","data":null,"duration_ms":null}}""")]
    [InlineData("completed", """{"kind":"completed","result":{"success":true,"output":"x","artifact":{"id":3},"data":{"rows":42},"documents":[{"media_type":"application/pdf","data":"JVBERi0="}],"duration_ms":7}}""")]
    [InlineData("invalidated", """{"kind":"invalidated","reason":"expired"}""")]
    [InlineData("persistence_failed", """{"kind":"persistence_failed","result":null,"error":"boom"}""")]
    public void a_record_of_every_kind_is_read_and_kept_with_its_nine_digits(string kind, string outcome)
    {
        var record = $$$"""{"tool_call_id":"call_1","tool_name":"t","display_name":"T","tier":"Confirm","requested_input":{"b":1,"a":2},"effective_input":{"b":1,"a":2},"turn":2,"provenance":{"provider":"anthropic","model":"m"},"outcome":{{{outcome}}},"recorded_at":"2026-01-01T00:00:00.123456789Z"}""";
        var item = Assert.Single(Derived.Of("agent-sdk", record).Items);
        var defaults = new ItemDefaults("ci", "ci-7", new Timestamp(DateTime.UnixEpoch.Ticks, 0)) { SessionId = "s-1" };

        var read = Items.Read(item, defaults);

        var call = Assert.IsType<CallSubmission>(read.Submission);
        Assert.Equal(kind, Words.Of(call.Message.Kind));
        Assert.Equal("2026-01-01T00:00:00.123456789Z", call.Message.RecordedAt.ToString());
        Assert.Equal(record, Encoding.UTF8.GetString(call.Record.Span));
        Assert.False(call.Message.Derived);
    }
}
