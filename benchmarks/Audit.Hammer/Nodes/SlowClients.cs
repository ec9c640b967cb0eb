using System.Net.Sockets;
using System.Text;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Nodes;

/// <summary>
/// Clients that hold what they have and give nothing: streams that rest, halves of bodies, a byte a second, noise. The
/// others are served meanwhile.
/// </summary>
internal static class SlowClients
{
    private const int Tokens = 4;
    private const int Streams = 256;
    private const int HalfBodies = 64;
    private const int Trickles = 32;
    private const int Noises = 16;
    private const int Served = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static async Task BesetAsync(Strike strike)
    {
        var node = strike.Arena.Nodes[0];
        var tokens = new string[Tokens];
        for (var token = 0; token < Tokens; token++)
        {
            tokens[token] = await strike.Arena.SourceTokenAsync($"slow-{token}");
        }

        var clients = new List<TcpClient>();
        try
        {
            for (var number = 0; number < Streams; number++)
            {
                clients.Add(await SendAsync(node.Url!, Stream(node.Url!, tokens[number % Tokens])));
            }

            await RequireOpenAsync(strike, "rest", open => open >= Streams);
            for (var number = 0; number < HalfBodies; number++)
            {
                clients.Add(await SendAsync(node.Url!, HalfBody(node.Url!, tokens[number % Tokens])));
            }

            for (var number = 0; number < Noises; number++)
            {
                byte[] noise =
                    [.. Enumerable.Range(0, strike.Chance.Next(1, 400)).Select(_ => (byte)strike.Chance.Draw())];
                clients.Add(await SendAsync(node.Url!, noise));
            }

            var trickles = new List<TcpClient>();
            for (var number = 0; number < Trickles; number++)
            {
                trickles.Add(await SendAsync(node.Url!, Head(node.Url!, strike.Arena.Token, "application/json", 5000)));
            }

            clients.AddRange(trickles);
            await ServeOthersAsync(strike, trickles);
            if (strike.Chance.Percent(30))
            {
                await node.KillAsync();
                await node.StartAsync();
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        await RequireOpenAsync(strike, "are left of clients that are gone", open => open < Streams);
    }

    private static async Task ServeOthersAsync(Strike strike, List<TcpClient> trickles)
    {
        var before = strike.Ledger.Acknowledged;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var sent = 0;
        while (strike.Ledger.Acknowledged < before + Served && clock.Elapsed < Patience)
        {
            strike.Note();
            if (clock.Elapsed.TotalSeconds > sent)
            {
                sent++;
                await Task.WhenAll(trickles.Select(TrickleAsync));
            }

            await strike.RestAsync(2, 5);
        }

        if (strike.Ledger.Acknowledged < before + Served)
        {
            strike.Ledger.Fail(
                $"beside clients that are slow, others got {strike.Ledger.Acknowledged - before} receipts in "
                + $"{Patience.TotalSeconds:0} s");
        }
    }

    /// <summary>Waits until so many streams are open, as the node counts them.</summary>
    private static async Task RequireOpenAsync(Strike strike, string what, Predicate<int> isSo)
    {
        const string Name = "audit_streams_open ";
        using var http = strike.Arena.NewClient();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var text = await http.GetStringAsync("/metrics");
            var line = text.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
            var open = int.Parse(line is null ? "0" : line[Name.Length..]);
            if (isSo(open))
            {
                return;
            }

            if (clock.Elapsed > Patience)
            {
                strike.Ledger.Fail($"{open} streams {what}");
                return;
            }

            await Task.Delay(20);
        }
    }

    private static async Task TrickleAsync(TcpClient client)
    {
        try
        {
            await client.GetStream().WriteAsync(" "u8.ToArray());
        }
        catch (IOException)
        {
            // The node has ended it, and may.
        }
    }

    private static async Task<TcpClient> SendAsync(Uri url, byte[] bytes)
    {
        var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port);
        await client.GetStream().WriteAsync(bytes);
        return client;
    }

    private static byte[] Stream(Uri url, string token) =>
        [.. Head(url, token, "application/x-ndjson", length: null), .. "1\r\n\n\r\n"u8];

    private static byte[] HalfBody(Uri url, string token) =>
        [.. Head(url, token, "application/json", 5000), .. "[{\"session_id\":\"s\","u8];

    private static byte[] Head(Uri url, string token, string type, int? length) => Encoding.ASCII.GetBytes(
        $"POST /v1/records HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {token}\r\n"
        + $"Content-Type: {type}\r\n"
        + (length is null ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {length}\r\n\r\n"));
}
