using System.Diagnostics;
using System.IO.Pipelines;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>Runs a server of MCP as a process and stands between its standard streams and ours.</summary>
internal sealed class McpStdio(McpGate gate, Surroundings surroundings, Action<string> note)
{
    /// <summary>What a server may still say once nobody asks it any more, and what is decided still may take.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim toServer = new(1), toClient = new(1);

    /// <returns>The server's exit code.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var server = Start(command);
        await using var output = surroundings.OpenOutput();
        await using var input = server.StandardInput.BaseStream;
        var fromServer = FromServerAsync(server.StandardOutput.BaseStream, output);
        var fromClient = FromClientAsync(input, output, cancellation);
        // Standard input cannot be left while nothing comes.
        var asked = Task.Delay(Timeout.Infinite, cancellation);
        if (await Task.WhenAny(fromServer, fromClient, asked) is var first && first != fromServer)
        {
            await (first == fromClient ? fromClient : Task.CompletedTask);
            await input.DisposeAsync();
            await Task.WhenAny(fromServer, Task.Delay(Farewell, CancellationToken.None));
        }

        if (!fromServer.IsCompleted || !server.WaitForExit(Farewell))
        {
            server.Kill(entireProcessTree: true);
        }

        await fromServer;
        foreach (var answer in await gate.EndAsync("the server ended before it answered"))
        {
            await WriteAsync(output, toClient, answer);
        }

        await server.WaitForExitAsync(CancellationToken.None);
        return server.ExitCode;
    }

    private static Process Start(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // By it the server could speak as the proxy.
        start.Environment.Remove("AUDIT_TOKEN");
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw CommandException.WrongUse($"\"{command[0]}\" cannot be run: {failure.Message}");
        }
    }

    private async Task FromClientAsync(Stream server, Stream client, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var open = new List<Task>();
        try
        {
            await foreach (var (line, isWhole) in JsonLines.ReadAsync(surroundings.OpenInput(), cancellation))
            {
                if (!isWhole)
                {
                    note($"not passed on: {JsonLines.TooLong}");
                    continue;
                }

                var passage = gate.FromClientAsync(line, ending.Token);
                // What waits for nothing keeps its place; only calls of tools are overtaken.
                if (passage.IsCompleted)
                {
                    await PassAsync(await passage);
                }
                else
                {
                    open.RemoveAll(task => task.IsCompletedSuccessfully);
                    open.Add(PassLaterAsync(passage.AsTask()));
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to end, it ends as if the client had gone.
        }

        ending.CancelAfter(Farewell);
        await Task.WhenAll(open);

        async Task PassLaterAsync(Task<Passage> passage) => await PassAsync(await passage);

        async Task PassAsync(Passage passage)
        {
            await WriteAsync(server, toServer, passage.ToServer);
            await WriteAsync(client, toClient, passage.ToClient);
        }
    }

    private async Task FromServerAsync(Stream server, Stream client)
    {
        var open = new List<Task>();
        await foreach (var (line, isWhole) in JsonLines.ReadAsync(server, CancellationToken.None))
        {
            if (!isWhole)
            {
                note($"not passed on: {JsonLines.TooLong}");
            }

            var passed = isWhole
                ? gate.FromServerAsync(line)
                : gate.FromServerTooLongAsync(line, $"it is {JsonLines.TooLong}");
            if (passed.IsCompleted)
            {
                await WriteAsync(client, toClient, await passed);
            }
            else
            {
                open.RemoveAll(task => task.IsCompletedSuccessfully);
                open.Add(PassLaterAsync(passed.AsTask()));
            }
        }

        await Task.WhenAll(open);

        async Task PassLaterAsync(Task<ReadOnlyMemory<byte>> passed) =>
            await WriteAsync(client, toClient, await passed);
    }

    private static async Task WriteAsync(Stream stream, SemaphoreSlim turn, ReadOnlyMemory<byte> message)
    {
        if (message.IsEmpty)
        {
            return;
        }

        var line = new byte[message.Length + 1];
        message.CopyTo(line);
        line[^1] = (byte)'\n';
        await turn.WaitAsync();
        try
        {
            await stream.WriteAsync(line);
            await stream.FlushAsync();
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // Whoever does not read any more is gone, which his other stream will say.
        }
        finally
        {
            turn.Release();
        }
    }
}

/// <summary>Messages as stdio has them: one a line.</summary>
internal static class JsonLines
{
    public static readonly string TooLong = $"a line of more than {Longest >> 20} MiB";

    private const int Longest = 64 << 20;
    private const int Beginning = 4 << 10;

    /// <returns>Each line, and whether it is whole: of one that is too long only the beginning is given.</returns>
    public static async IAsyncEnumerable<(ReadOnlyMemory<byte> Line, bool IsWhole)> ReadAsync(
        Stream stream,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 << 10));
        var isSkipped = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (!isSkipped && TextOf(rest.Slice(0, end)) is { IsEmpty: false } line)
                {
                    yield return (line, true);
                }

                isSkipped = false;
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > Longest)
            {
                if (!isSkipped)
                {
                    yield return (System.Buffers.BuffersExtensions.ToArray(rest.Slice(0, Beginning)), false);
                }

                isSkipped = true;
                rest = rest.Slice(rest.End);
            }

            if (read.IsCompleted)
            {
                if (!isSkipped && TextOf(rest) is { IsEmpty: false } last)
                {
                    yield return (last, true);
                }

                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    /// <summary>An empty line is no message.</summary>
    private static ReadOnlyMemory<byte> TextOf(in System.Buffers.ReadOnlySequence<byte> line)
    {
        var text = System.Buffers.BuffersExtensions.ToArray(line);
        return text.AsSpan().ContainsAnyExcept(" \t\r"u8) ? text : default;
    }
}
