using System.Text;
using System.Text.Json;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Records;

/// <summary>The record as a .NET program holds it.</summary>
public sealed class ToolAuditRecordTests
{
    [FactWithRecords]
    public void the_records_of_the_seed_are_written_as_they_were_read()
    {
        foreach (var line in File.ReadLines(Fixtures.RecordsPath!))
        {
            using var expected = JsonDocument.Parse(line);
            using var actual = JsonDocument.Parse(ToolAuditRecord.Parse(Encoding.UTF8.GetBytes(line)).ToUtf8());
            Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), actual.RootElement.ToString());
        }
    }

    [Theory]
    [InlineData(MessageKind.Requested)]
    [InlineData(MessageKind.RequiresConfirmation)]
    [InlineData(MessageKind.Approved)]
    [InlineData(MessageKind.Started)]
    [InlineData(MessageKind.Blocked)]
    [InlineData(MessageKind.Cached)]
    [InlineData(MessageKind.Replayed)]
    [InlineData(MessageKind.Invalidated)]
    [InlineData(MessageKind.Cancelled)]
    [InlineData(MessageKind.Completed)]
    [InlineData(MessageKind.PersistenceFailed)]
    public void each_kind_is_written_as_the_reader_reads_it(MessageKind kind)
    {
        var spec = new Spec { Kind = kind };
        var again = ToolAuditRecord.Parse(spec.Record()).ToUtf8();

        Assert.Equal(spec.Message() with { Dedup = default }, ReadBack(spec, again) with { Dedup = default });
    }

    [Fact]
    public void what_has_no_name_here_is_carried_along_and_the_kind_may_stand_last()
    {
        var record = ToolAuditRecord.Parse(
            """
            {"recorded_at":"2026-11-20T14:03:00.123456789Z","future":{"a":[1]},"tool_call_id":"c","tool_name":"shell",
             "outcome":{"reason":"r","kind":"blocked"}}
            """u8);

        Assert.Equal("2026-11-20T14:03:00.123456789Z", record.RecordedAt);
        Assert.Equal("r", Assert.IsType<Outcome.Blocked>(record.Outcome).Reason);
        Assert.Contains("\"future\":{\"a\":[1]}", Encoding.UTF8.GetString(record.ToUtf8()));
    }

    private static CallMessage ReadBack(Spec spec, byte[] record)
    {
        var json = new StrictJsonReader(record);
        json.Read();
        var facts = RecordReader.Read(ref json, Say.Hasher).Facts;
        return spec.Message() with
        {
            Kind = facts.Kind,
            Success = facts.Success,
            RecordedAt = facts.RecordedAt,
            Turn = facts.Turn,
            ToolName = facts.ToolName,
            Provider = facts.Provider,
            NeedsConfirmation = facts.NeedsConfirmation,
            Input = facts.Input,
            Result = facts.Result,
        };
    }
}
