using System.Diagnostics;

namespace Audit.CommandLine.Tests.Reading;

/// <summary>`audit demo` in a process of its own, shared by the tests that ask it something.</summary>
public sealed class DemoProcess : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory directory = new();
    private Process? process;

    public string Data => directory.File("demo");

    public async Task InitializeAsync()
    {
        process = AuditProgram.Start(directory.Path, ["demo", "--urls", "http://127.0.0.1:0", "--data", Data]);
        using var patience = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains("An interrupt ends it"))
            {
                return;
            }
        }

        Assert.Fail("The demo ended before it began: " + await process.StandardError.ReadToEndAsync(patience.Token));
    }

    public async Task DisposeAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Dispose();
    }
}
