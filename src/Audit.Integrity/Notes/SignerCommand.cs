using System.Diagnostics;

namespace Audit.Integrity.Notes;

/// <summary>
/// A signer that is another program, so that the private key is never in this one. It is started by the shell and
/// writes its verifier key in a line; then it reads a line for each signature, the base64 of the bytes to sign, and
/// answers with a line, the base64 of the 64 bytes of Ed25519, or `error` and a sentence.
/// </summary>
public sealed class SignerCommand(string command, TimeSpan? patience = null) : ILogSigner, IDisposable
{
    private const string Error = "error ";
    private const int SignatureSize = 64;

    private readonly TimeSpan patience = patience ?? TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim turn = new(1);
    private Process? running;
    private VerifierKey? key;

    /// <exception cref="LogKeyException">The program does not give its key.</exception>
    public VerifierKey Key => key ?? StartedAsync(CancellationToken.None).GetAwaiter().GetResult();

    public async Task<byte[]> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        await StartedAsync(cancellation);
        return await InTurnAsync(
            async program =>
            {
                await program.StandardInput.WriteLineAsync(
                    Convert.ToBase64String(message.Span).AsMemory(), cancellation);
                await program.StandardInput.FlushAsync(cancellation);
                var answer = await ReadAsync(program, cancellation);
                return answer.StartsWith(Error, StringComparison.Ordinal)
                    ? throw new LogKeyException($"The log's signer refuses: {answer[Error.Length..]}")
                    : StrictBase64.TryDecode(answer, out var signature) && signature.Length == SignatureSize ? signature
                    : throw new LogKeyException("The log's signer answered with no signature in base64.");
            },
            cancellation);
    }

    public void Dispose()
    {
        End();
        turn.Dispose();
    }

    // A program that was started again must be the same signer.
    private Task<VerifierKey> StartedAsync(CancellationToken cancellation) => InTurnAsync(
        async program =>
        {
            if (key is null)
            {
                key = VerifierKey.Parse(await ReadAsync(program, cancellation));
            }

            return key;
        },
        cancellation);

    private async Task<T> InTurnAsync<T>(Func<Process, Task<T>> work, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        var isDone = false;
        try
        {
            var result = await work(await RunningAsync(cancellation));
            isDone = true;
            return result;
        }
        catch (NoteFormatException failure)
        {
            throw new LogKeyException($"The log's signer did not give its key: {failure.Message}", failure);
        }
        catch (Exception failure) when (failure
            is IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            throw new LogKeyException($"The log's signer cannot be used: {failure.Message}", failure);
        }
        finally
        {
            if (!isDone)
            {
                // What it still says would be taken for the answer to another question.
                End();
            }

            turn.Release();
        }
    }

    private async Task<Process> RunningAsync(CancellationToken cancellation)
    {
        if (running is { HasExited: false } alive)
        {
            return alive;
        }

        End();
        string[] shell = OperatingSystem.IsWindows() ? ["cmd.exe", "/c", command] : ["/bin/sh", "-c", command];
        running = Process.Start(new ProcessStartInfo(shell[0], shell[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("it does not start");
        if (key is { } known && await ReadAsync(running, cancellation) is var again && again != known.ToString())
        {
            throw new LogKeyException($"The log's signer has the key {again} now, and had {known}.");
        }

        return running;
    }

    private async Task<string> ReadAsync(Process program, CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(patience);
        try
        {
            return await program.StandardOutput.ReadLineAsync(soon.Token)
                ?? throw new LogKeyException("The log's signer ended without an answer.");
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new LogKeyException($"The log's signer did not answer within {patience.TotalSeconds} s.", late);
        }
    }

    private void End()
    {
        if (running is not { } program)
        {
            return;
        }

        running = null;
        try
        {
            program.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure
            is InvalidOperationException or System.ComponentModel.Win32Exception or NotSupportedException)
        {
            // It has ended by itself.
        }

        program.Dispose();
    }
}

/// <summary>
/// Keys that other programs have, beside those in files: a log's key may lie in the one today and in the other
/// tomorrow, and both are wanted while both sign.
/// </summary>
public sealed class SignerKeyring(KeyFile file, IReadOnlyList<SignerCommand> signers) : ILogKeyring, IDisposable
{
    /// <summary>Keys in a file alone where no program is given.</summary>
    public static ILogKeyring Open(string path, IReadOnlyList<string> commands) => commands.Count == 0
        ? new KeyFile(path)
        : new SignerKeyring(new KeyFile(path), [.. commands.Select(command => new SignerCommand(command))]);

    // That a program has a key says nothing of a log: the public half that was put down does.
    public ILogSigner? Find() => file.Find() ?? (File.Exists(file.PublicPath) ? signers[^1] : null);

    public ILogSigner? Find(VerifierKey key)
    {
        if (file.Find(key) is { } kept)
        {
            return kept;
        }

        LogKeyException? trouble = null;
        foreach (var signer in signers)
        {
            try
            {
                if (signer.Key == key)
                {
                    return signer;
                }
            }
            catch (LogKeyException failure)
            {
                trouble = failure;
            }
        }

        return trouble is null ? null : throw trouble;
    }

    public async Task<ILogSigner> CreateAsync(string? origin, Func<ILogSigner, Task>? begin = null)
    {
        var signer = signers[^1];
        if (origin is not null && signer.Key.Name != origin)
        {
            throw new LogKeyException(
                $"The log is to be named \"{origin}\", and the key of its signer is that of \"{signer.Key.Name}\".");
        }

        if (begin is not null)
        {
            await begin(signer);
        }

        file.KeepAside();
        file.Publish(signer.Key);
        return signer;
    }

    public ILogSigner Next(VerifierKey old) =>
        signers.LastOrDefault(signer => signer.Key != old && signer.Key.Name == old.Name) is { } other
            ? other
            : file.Next(old);

    public void Keep(ILogSigner next)
    {
        if (next is not SignerCommand)
        {
            file.Keep(next);
            return;
        }

        file.KeepAside();
        file.Publish(next.Key);
    }

    public void Dispose()
    {
        foreach (var signer in signers)
        {
            signer.Dispose();
        }
    }
}
