using System.Diagnostics.Metrics;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Reading;

/// <summary>Counts what is parsed in this process, for which no other test may run beside these.</summary>
[Collection(AloneCollection.Name)]
public sealed class ParsedOnceTests : IDisposable
{
    private const int Sent = 40;

    private readonly MeterListener listener = new();
    private long records;
    private long events;

    public ParsedOnceTests()
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == Parsed.MeterName)
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, _, _) => Count(instrument.Name, count));
        listener.Start();
    }

    [Fact]
    public async Task a_record_is_parsed_once_at_intake_and_its_event_once_by_the_models_and_once_by_the_index()
    {
        await using var node = await TestNode.StartAsync();
        // The first request looks for what the journal says of tokens.
        (await node.GetAsync("/v1/stats")).Require(200);
        var (recordsBefore, eventsBefore) = (Interlocked.Read(ref records), Interlocked.Read(ref events));

        await SendAsync(node);

        Assert.Equal(Sent, Interlocked.Read(ref records) - recordsBefore);
        // What seals them has them in hand already and parses nothing.
        Assert.Equal(2 * Sent, Interlocked.Read(ref events) - eventsBefore);
    }

    [Fact]
    public async Task lists_lines_exports_and_pages_parse_each_event_once()
    {
        await using var node = await TestNode.StartAsync();
        await SendAsync(node);
        // What the node writes of itself is not looked at for such a token, so that it does not count.
        var token = await node.TokenAsync("reader", ["read"]);
        using var reader = node.ClientWith(token);
        using var browser = await PageBrowser.SignedInAsync(node, token);
        var recordsBefore = Interlocked.Read(ref records);

        await ParsesAsync(Sent, () => reader.GetAnswerAsync("/v1/events?session=s-1&limit=1000"));
        await ParsesAsync(Sent, () => reader.AnswerAsync(
            HttpMethod.Get, "/v1/events?session=s-1", accept: "application/x-ndjson"));
        await ParsesAsync(Sent, () => reader.GetAnswerAsync("/v1/export?format=ndjson&session=s-1"));
        await ParsesAsync(Sent, () => reader.GetAnswerAsync("/v1/export?format=csv&session=s-1"));
        await ParsesAsync(Sent, () => browser.GetAsync("/live?session=s-1"));
        await ParsesAsync(1, () => reader.GetAnswerAsync("/v1/sessions/s-1/calls/c-7/events"));
        await ParsesAsync(1, () => browser.GetAsync("/call?session=s-1&call=c-7"));
        Assert.Equal(recordsBefore, Interlocked.Read(ref records));
    }

    public void Dispose() => listener.Dispose();

    private void Count(string instrument, long count)
    {
        if (instrument == "audit.parsed.records")
        {
            Interlocked.Add(ref records, count);
        }
        else if (instrument == "audit.parsed.events")
        {
            Interlocked.Add(ref events, count);
        }
    }

    /// <summary>Sends records, and waits until they are sealed, in the read models and in the index.</summary>
    private static async Task SendAsync(TestNode node)
    {
        var calls = Enumerable.Range(0, Sent).Select(index => $"c-{index}");
        var items = calls.Select(call => Records.Item("s-1", call, Records.Completed()));
        var receipts = (await node.LinesAsync(Records.Lines(items))).Require(200).Lines;
        // The node has written of itself before, so that this is more than their number.
        var last = receipts.Max(receipt => receipt.GetProperty("position").GetInt64());
        await Patience.UntilAsync(() => IsEverywhereAsync(node, last), "all is sealed, in the read models and in the index");
    }

    /// <summary>A search that finds something would read it; this one finds nothing.</summary>
    private static async Task<bool> IsEverywhereAsync(TestNode node, long last)
    {
        var calls = await node.GetAsync("/v1/sessions/s-1/calls?limit=1000");
        var search = (await node.GetAsync("/v1/search?q=tool:unheard-of")).Require(200);
        var log = await node.GetAsync("/v1/log");
        // Neither the session nor the log is found before it has its first event.
        return calls.Status == 200 && log.Status == 200
            && calls.Json.GetProperty("items").GetArrayLength() == Sent
            && search.Json.GetProperty("indexed_to").GetInt64() >= last
            && log.Json.GetProperty("position").GetInt64() >= last;
    }

    private async Task ParsesAsync(int expected, Func<Task<Answer>> ask)
    {
        var before = Interlocked.Read(ref events);
        (await ask()).Require(200);
        Assert.Equal(expected, Interlocked.Read(ref events) - before);
    }
}
