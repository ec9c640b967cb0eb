using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Audit.Testing;

/// <summary>A PostgreSQL cluster that lives as long as this process does, and not a moment longer.</summary>
public sealed class ThrowawayCluster : IAsyncDisposable
{
    private const int Attempts = 3;
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    // The shell reads a pipe that this process holds open and never writes to. However the process ends, killed included,
    // the pipe ends with it, and the shell stops the server and removes the data.
    private const string Script = """
        umask 077
        bin=$1 port=$2 password=$3 settings=$4 place=$5
        home=$(mktemp -d "$place/audit-test-postgres-XXXXXX") || exit 1
        cd "$home"
        trap '' INT TERM HUP
        echo "$password" > password
        echo "home $home"
        # Not by scram, which takes milliseconds of work on both sides for each of the very many connections of tests.
        "$bin/initdb" -D data -U postgres -A md5 --pwfile=password -E UTF8 --locale=C --no-sync > log 2>&1 \
            || { cat log; cd /; rm -rf "$home"; exit 1; }
        # It listens on this machine alone, but for a network of this machine's own that somebody names in the settings.
        echo 'host all all samenet md5' >> data/pg_hba.conf
        server=
        while echo made && read -r start; do
            # A server that was killed is in the way of the next one until somebody has looked at how it ended.
            [ -z "$server" ] || wait "$server"
            "$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$home" \
                $settings >> log 2>&1 &
            server=$!
            echo "started $server"
        done
        kill -QUIT $server
        wait $server
        cd /
        rm -rf "$home"
        """;

    /// <summary>What is tested is not the disk.</summary>
    private const string SettingsForTests = "-c fsync=off -c shared_buffers=64MB -c max_connections=300";

    private readonly NpgsqlConnectionStringBuilder address;
    private readonly Process shell;
    private string home = "";
    private int server;

    private ThrowawayCluster(NpgsqlConnectionStringBuilder address, Process shell)
    {
        this.address = address;
        this.shell = shell;
    }

    /// <summary>Without a database.</summary>
    public string ConnectionString => address.ConnectionString;

    /// <summary>Where its databases lie.</summary>
    public string Data => Path.Combine(home, "data");

    /// <summary>False when it was killed, or ended by itself.</summary>
    public bool IsRunning => File.Exists($"/proc/{server}/stat") && !File.ReadAllText($"/proc/{server}/stat").Contains(") Z ");

    /// <param name="settings">Of the server, as its command line takes them.</param>
    /// <param name="place">The directory in which its own is made; null for that of temporary files.</param>
    internal static async Task<ThrowawayCluster> StartAsync(
        string binaries, string settings = SettingsForTests, string? place = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryStartAsync(binaries, settings, place ?? Path.GetTempPath());
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                // Somebody took the port in between, most likely.
            }
        }
    }

    /// <summary>Ends the server with all of its processes, as a loss of power would but for the disk.</summary>
    public void Kill() => new ServerProcesses(server).Signal("KILL");

    public void Pause() => new ServerProcesses(server).Signal("STOP");

    public void Continue() => new ServerProcesses(server).Signal("CONT");

    /// <summary>Starts what was killed, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        await shell.StandardInput.WriteLineAsync("start");
        await shell.StandardInput.FlushAsync();
        var output = await UntilAsync("started");
        if (!int.TryParse(output.Split(' ')[^1], out server))
        {
            throw new InvalidOperationException($"PostgreSQL's cluster was not made: {output}");
        }

        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await PostgresServer.ExecuteAsync(ConnectionString, "SELECT 1");
                return;
            }
            catch (NpgsqlException failure) when (clock.Elapsed > LongestStart)
            {
                Stop();
                throw new InvalidOperationException("PostgreSQL was started and does not answer.", failure);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }

    private static async Task<ThrowawayCluster> TryStartAsync(string binaries, string serverSettings, string place)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = FreePort(), Username = "postgres", Password = Guid.NewGuid().ToString("N"),
        };
        var shell = UnprivilegedUser.Shell(Script, binaries, $"{settings.Port}", settings.Password, serverSettings, place);
        shell.RedirectStandardInput = true;
        shell.RedirectStandardOutput = true;
        shell.WorkingDirectory = "/";
        var cluster = new ThrowawayCluster(settings, Process.Start(shell)!);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => cluster.Stop();
        var output = await cluster.UntilAsync("made");
        if (!output.EndsWith("made", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"PostgreSQL's cluster was not made: {output}");
        }

        cluster.home = output.Split('\n').Single(line => line.StartsWith("home ", StringComparison.Ordinal))[5..];
        await cluster.StartAgainAsync();
        return cluster;
    }

    /// <returns>What it printed up to a line that begins so, or up to its end.</returns>
    private async Task<string> UntilAsync(string beginning)
    {
        var output = "";
        while (await shell.StandardOutput.ReadLineAsync() is { } line)
        {
            output += line + "\n";
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                break;
            }
        }

        return output.TrimEnd();
    }

    private void Stop()
    {
        try
        {
            shell.StandardInput.Close();
            shell.WaitForExit(TimeSpan.FromSeconds(10));
        }
        catch (InvalidOperationException)
        {
            // It was disposed of before.
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
