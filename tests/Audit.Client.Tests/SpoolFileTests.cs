using System.Buffers;
using System.Text;
using Audit.Client.Http;
using Audit.Client.Sending;
using Audit.Client.Wire;

namespace Audit.Client.Tests;

/// <summary>The spool's file alone: what it keeps, however it was left.</summary>
public sealed class SpoolFileTests : IDisposable
{
    private static readonly ReceiptLine Recorded = ReceiptLine.Parse("""{"index":0,"status":"recorded","position":1}""");

    private readonly TemporaryDirectory directory = new();
    private readonly List<NodeException> troubles = [];

    private string Spool => directory.File("spool");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task sent_lines_make_room_in_place_and_the_order_stays()
    {
        const int Most = 4000;
        var taken = new List<int>();
        await using (var spool = Open(Most))
        {
            for (var n = 0; n < 1000; n++)
            {
                await spool.AddAsync(Line(n));
                if (n % 7 == 0)
                {
                    taken.AddRange(await TakeAsync(spool, atMost: 9));
                    Assert.InRange(new FileInfo(Spool).Length, 0, 3 * Most);
                }
            }
        }

        await using var again = Open(Most);
        while (again.Lines > 0)
        {
            taken.AddRange(await TakeAsync(again, atMost: 100));
        }

        Assert.Equal(Enumerable.Range(0, 1000), taken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("9999999999999999999\n")]
    [InlineData("0000000000000000003\n")]
    public async Task a_place_that_cannot_be_meant_begins_at_the_beginning(string place)
    {
        await using (var spool = Open())
        {
            await spool.AddAsync(Line(0));
            await spool.AddAsync(Line(1));
            await TakeAsync(spool, atMost: 1);
        }

        await File.WriteAllTextAsync(Spool + ".sent", place);
        await Open().DisposeAsync();
        Assert.Equal(new string('0', 19) + "\n", await File.ReadAllTextAsync(Spool + ".sent"));
        await using var again = Open();
        Assert.Equal([0, 1], await TakeAsync(again, atMost: 10));
    }

    [Fact]
    public async Task white_lines_and_half_a_line_are_no_items()
    {
        await File.WriteAllTextAsync(Spool, $"   \n{Text(0)}\n\n \t\n{Text(1)}\n{{\"half\":");
        await using var spool = Open();

        Assert.Equal(2, spool.Lines);
        Assert.Equal([0, 1], await TakeAsync(spool, atMost: 10));
        await spool.AddAsync(Line(2));
        Assert.Equal([2], await TakeAsync(spool, atMost: 10));
    }

    [Fact]
    public async Task a_file_that_another_has_open_is_not_opened()
    {
        await using var spool = Open();
        Assert.Throws<IOException>(() => Open());
    }

    [Fact]
    public async Task what_has_no_room_is_refused_and_has_room_once_others_are_sent()
    {
        await using var spool = Open(most: 100);
        await spool.AddAsync(Line(0));
        var full = await Assert.ThrowsAsync<NodeException>(() => spool.AddAsync(Encoding.UTF8.GetBytes(new string('x', 99) + "\n")));
        Assert.Equal(NodeTrouble.Full, full.Trouble);
        await TakeAsync(spool, atMost: 1);
        await spool.AddAsync(Encoding.UTF8.GetBytes(new string('x', 99) + "\n"));
        Assert.Equal(1, spool.Lines);
    }

    [Fact]
    public async Task a_line_longer_than_what_goes_at_once_goes_alone()
    {
        var long3 = Encoding.UTF8.GetBytes($$"""{"n":3,"text":"{{new string('x', 3 << 20)}}"}""" + "\n");
        await using var spool = Open(most: 10 << 20);
        await spool.AddAsync(long3);
        await spool.AddAsync(Line(4));

        Assert.Equal([3], await TakeAsync(spool, atMost: 1));
        Assert.Equal([4], await TakeAsync(spool, atMost: 1));
    }

    [Fact]
    public async Task only_its_owner_reads_what_waits()
    {
        await using var spool = Open();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Spool));
        }
    }

    private static string Text(int n) => $$"""{"n":{{n}}}""";

    private static byte[] Line(int n) => Encoding.UTF8.GetBytes(Text(n) + "\n");

    /// <summary>Sends some, as a sender does whose node answers so many and then is away.</summary>
    private static async Task<IReadOnlyList<int>> TakeAsync(SpoolFile spool, int atMost)
    {
        var lines = await spool.NextAsync(CancellationToken.None);
        var text = Encoding.UTF8.GetString(lines.Bytes.ToArray());
        var items = text.Split('\n').Where(line => line.Trim().Length > 0).Take(Math.Min(atMost, lines.Count)).ToList();
        items.ForEach(_ => spool.Settle(Recorded));
        spool.EndAttempt(null);
        return [.. items.Select(item => JsonSerializer.Deserialize<JsonElement>(item).GetProperty("n").GetInt32())];
    }

    private SpoolFile Open(long most = 1 << 20) => new(Spool, most, troubles.Add);
}
