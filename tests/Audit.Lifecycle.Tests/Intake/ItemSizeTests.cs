using System.Text;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Intake;

/// <summary>Nobody hides a call by making it big.</summary>
public sealed class ItemSizeTests
{
    [Fact]
    public void an_item_of_256_kib_is_kept_as_it_came()
    {
        var item = ItemOf(ItemLimits.Kept);

        var call = Items.Call(item);

        Assert.False(call.Message.Truncated);
        Assert.Equal(item["{\"session_id\":\"s-1\",\"record\":".Length..^1], Encoding.UTF8.GetString(call.Record.Span));
    }

    [Theory]
    [InlineData(ItemLimits.Kept + 1)]
    [InlineData(300_000)]
    [InlineData(10_000_000)]
    [InlineData(ItemLimits.Read)]
    public void a_larger_item_is_cut_and_marked_and_stays_the_same_record(int length)
    {
        var item = ItemOf(length);

        var call = Items.Call(item);
        var spaced = Items.Call(item.Replace("\"record\":", "\"record\" :\n"));

        Assert.True(call.Message.Truncated);
        Assert.InRange(call.Record.Length, 4000, 6000);
        Assert.Contains(" bytes, keyed hash ", Encoding.UTF8.GetString(call.Record.Span));
        Assert.Equal(call.Message.Dedup, spaced.Message.Dedup);
        Assert.NotEqual(call.Message.Dedup, Items.Call(ItemOf(length, last: 'y')).Message.Dedup);
        Assert.Equal(MessageKind.Completed, call.Message.Kind);
        Assert.True(call.Message.Success);
    }

    [Fact]
    public void a_cut_record_and_a_whole_one_have_the_same_input_and_result()
    {
        var input = $$"""{"text": "{{new string('i', 50_000)}}😀","list":[1, 2]}""";
        var outcome = $$"""{"kind":"completed","result":{"success":true,"output":"{{new string('o', 20_000)}}"} }""";
        var record = Items.RecordWith("effective_input", input, outcome);
        var padded = Items.RecordWith("effective_input", input, outcome)[..^1] + $",\"padding\":\"{new string('p', 300_000)}\"}}";

        var whole = Items.Call(Items.Envelope(record)).Message;
        var cut = Items.Call(Items.Envelope(padded)).Message;

        Assert.Equal((false, true), (whole.Truncated, cut.Truncated));
        Assert.Equal((whole.Input, whole.Result), (cut.Input, cut.Result));
        Assert.NotEqual(whole.Dedup, cut.Dedup);
    }

    [Fact]
    public void a_long_string_that_differs_far_behind_its_head_is_another_input()
    {
        var one = Items.Call(Items.Envelope(Items.RecordWith("effective_input", $"\"{new string('i', 50_000)}1\""))).Message;
        var other = Items.Call(Items.Envelope(Items.RecordWith("effective_input", $"\"{new string('i', 50_000)}2\""))).Message;

        Assert.NotEqual(one.Input, other.Input);
    }

    [Fact]
    public void an_item_that_is_large_without_long_strings_is_still_judged()
    {
        var numbers = "[" + string.Join(',', Enumerable.Range(0, 100_000)) + "]";
        var outcome = $$"""{"kind":"completed","result":{"success":true,"output":"o","data":{{numbers}},"documents":[]} }""";

        var call = Items.Call(Items.Envelope(Items.RecordWith("effective_input", "{\"n\":1}", outcome)));

        Assert.Equal((MessageKind.Completed, true, true), (call.Message.Kind, call.Message.Success, call.Message.Truncated));
        Assert.InRange(call.Record.Length, 100, ItemLimits.Kept);
        var record = ToolAuditRecord.Parse(call.Record.Span);
        Assert.StartsWith("[cut: 588891 bytes", ((Outcome.Completed)record.Outcome).Result.Data!.Value.GetString());
    }

    [Fact]
    public void an_item_that_is_large_by_a_hundred_thousand_unknown_members_is_still_judged()
    {
        var unknown = string.Join(',', Enumerable.Range(0, 100_000).Select(number => $"\"u{number}\":1"));
        var record = Items.RecordOf("""{"kind":"blocked","reason":"no"}""")[..^1] + "," + unknown + "}";

        var enveloped = Items.Call(Items.Envelope(record));
        var bare = Items.Call(record, Items.Bare);

        Assert.Equal((MessageKind.Blocked, true), (enveloped.Message.Kind, enveloped.Message.Truncated));
        Assert.Equal(enveloped.Record.ToArray(), bare.Record.ToArray());
        Assert.Equal(enveloped.Message.Dedup, bare.Message.Dedup);
    }

    [Fact]
    public void an_input_that_is_cut_to_a_marker_is_the_same_input_as_the_whole_one()
    {
        var input = "{\"numbers\": [" + string.Join(", ", Enumerable.Range(0, 20_000)) + "]}";
        var padding = string.Join(',', Enumerable.Range(0, 60_000));

        var whole = Items.Call(Items.Envelope(Items.RecordWith("effective_input", input))).Message;
        var cut = Items.Call(Items.Envelope(Items.RecordWith("effective_input", input)[..^1] + $",\"padding\":[{padding}]}}")).Message;

        Assert.Equal((false, true), (whole.Truncated, cut.Truncated));
        Assert.Equal(whole.Input, cut.Input);
        Assert.NotEqual(whole.Input, Items.Call(Items.Envelope(Items.RecordWith("effective_input", input.Replace("7, 8", "8, 7")))).Message.Input);
    }

    [Fact]
    public void a_large_note_is_cut_too()
    {
        var item = $$"""{"session_id":"s-1","note":{"type":"prompt sent","detail":"{{new string('d', 300_000)}}"} }""";

        var note = Assert.IsType<NoteSubmission>(Items.Read(item).Submission);

        Assert.InRange(note.Detail.Length, 4000, 5000);
    }

    [Fact]
    public void an_item_beyond_16_mib_is_kept_as_evidence_if_it_names_session_and_call()
    {
        var head = Encoding.UTF8.GetBytes(ItemOf(100_000))[..65_536];

        var read = new ItemReader(Say.Hasher).ReadOversized(head, 20 << 20, Say.Print("whole"), Items.Enveloped);

        var call = Assert.IsType<CallSubmission>(read.Submission);
        Assert.Equal(("s-1", "call-1", 20L << 20), (call.Session.Id, call.ToolCallId, call.Message.OversizedBytes));
        Assert.Equal(Say.Print("whole"), call.Message.Dedup);
        Assert.True(call.Record.IsEmpty);
    }

    [Fact]
    public void an_item_beyond_16_mib_may_not_speak_for_what_its_token_is_not_bound_to()
    {
        var head = Encoding.UTF8.GetBytes("""{"session_id":"s-1","task_id":"other","record":{"tool_call_id":"call-1","text":"aaa""");

        var read = new ItemReader(Say.Hasher).ReadOversized(
            head, 20 << 20, Say.Print("whole"), Items.Enveloped with { Bounds = new CallBounds([], ["migrate"]) });

        Assert.Null(read.Submission);
        Assert.StartsWith("task_id: outside this token's binding: the token is bound to \"migrate\"", read.Error);
    }

    [Theory]
    [InlineData("""{"record":{"tool_call_id":"call-1","text":"aaaaaaa""")]
    [InlineData("""{"session_id":"s-1","record":{"text":"aaaaaaa""")]
    [InlineData("""{"session_id":"a|b","record":{"tool_call_id":"call-1","text":"aaaaaaa""")]
    [InlineData("""{"session_id":"s-1","record":{"deeper":{"tool_call_id":"call-1"},"text":"aaaaaaa""")]
    [InlineData("""not json""")]
    public void an_item_beyond_16_mib_that_names_no_call_is_invalid(string head)
    {
        var read = new ItemReader(Say.Hasher).ReadOversized(
            Encoding.UTF8.GetBytes(head), 20 << 20, Say.Print("whole"), Items.Enveloped);

        Assert.Null(read.Submission);
        Assert.Contains("20971520 bytes", read.Error);
    }

    private static string ItemOf(int length, char last = 'x')
    {
        var item = Items.Envelope(Items.RecordOf("""{"kind":"completed","result":{"success":true,"output":"@"}}"""));
        return item.Replace("@", new string('x', length - item.Length) + last);
    }
}
