using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Audit.Testing;

/// <summary>A PostgreSQL cluster that lives as long as this process does, and not a moment longer.</summary>
internal static class ThrowawayCluster
{
    private const int Attempts = 3;
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    // The shell reads a pipe that this process holds open and never writes to. However the process ends, killed included,
    // the pipe ends with it, and the shell stops the server and removes the data.
    private const string Script = """
        umask 077
        bin=$1 port=$2 password=$3 settings=$4
        home=$(mktemp -d "${TMPDIR:-/tmp}/audit-test-postgres-XXXXXX") || exit 1
        cd "$home"
        trap '' INT TERM HUP
        echo "$password" > password
        echo "home $home"
        "$bin/initdb" -D data -U postgres -A scram-sha-256 --pwfile=password -E UTF8 --locale=C --no-sync > log 2>&1 \
            || { cat log; cd /; rm -rf "$home"; exit 1; }
        "$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$home" \
            -c max_connections=300 $settings >> log 2>&1 &
        server=$!
        echo started
        cat > /dev/null
        kill -QUIT $server
        wait $server
        cd /
        rm -rf "$home"
        """;

    /// <summary>What is tested is not the disk.</summary>
    private const string SettingsForTests = "-c fsync=off -c shared_buffers=64MB";

    /// <param name="settings">Of the server, as its command line takes them.</param>
    public static async Task<string> StartAsync(string binaries, string settings = SettingsForTests)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryStartAsync(binaries, settings);
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                // Somebody took the port in between, most likely.
            }
        }
    }

    private static async Task<string> TryStartAsync(string binaries, string serverSettings)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = FreePort(), Username = "postgres", Password = Guid.NewGuid().ToString("N"),
        };
        var shell = UnprivilegedUser.Shell(Script, binaries, $"{settings.Port}", settings.Password, serverSettings);
        shell.RedirectStandardInput = true;
        shell.RedirectStandardOutput = true;
        shell.WorkingDirectory = "/";
        var process = Process.Start(shell)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop(process);
        var output = await UntilStartedAsync(process);
        if (!output.Contains("started"))
        {
            throw new InvalidOperationException($"PostgreSQL's cluster was not made: {output}");
        }

        await UntilAnswersAsync(settings, process);
        return settings.ConnectionString;
    }

    private static async Task<string> UntilStartedAsync(Process process)
    {
        var output = "";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            output += line + "\n";
            if (line == "started")
            {
                break;
            }
        }
        return output;
    }

    private static async Task UntilAnswersAsync(NpgsqlConnectionStringBuilder settings, Process process)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await PostgresServer.ExecuteAsync(settings.ConnectionString, "SELECT 1");
                return;
            }
            catch (NpgsqlException failure) when (clock.Elapsed > LongestStart)
            {
                Stop(process);
                throw new InvalidOperationException("PostgreSQL was started and does not answer.", failure);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(100);
            }
        }
    }

    private static void Stop(Process process)
    {
        process.StandardInput.Close();
        process.WaitForExit(TimeSpan.FromSeconds(10));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
