namespace Audit.Actors.Tests;

/// <summary>What a user's HOCON may not undo.</summary>
public sealed class StartCheckTests : OwnStore
{
    [Theory]
    [InlineData("akka.actor.serialization-bindings { \"System.Object\" = hyperion }", "System.Object")]
    [InlineData("akka.actor.serialization-bindings { \"Audit.Actors.Journal.IJournalEvent, Audit.Actors\" = hyperion }", "7401")]
    [InlineData(QuickCluster.OnSqlPlugin + "akka.persistence.journal.sql.serializer = hyperion", "a serializer of their own")]
    [InlineData("akka.actor.serialization-settings.hyperion.disallow-unsafe-type = off", "disallow-unsafe-type")]
    [InlineData("akka.actor.serialization-settings.hyperion.allowed-types = []", "allowed-types")]
    [InlineData(QuickCluster.OnSqlPlugin + "akka.persistence.journal.sql.replay-filter.mode = repair-by-discard-old", "warn and off")]
    [InlineData("akka.persistence.journal.plugin = \"\"", "accepted are akka.persistence.journal.audit and")]
    [InlineData("akka.persistence.journal.plugin = \"akka.persistence.journal.inmem\"", "akka.persistence.journal.inmem")]
    [InlineData("akka.persistence.journal.audit.max-waiting = 0", "less than 1")]
    [InlineData(
        "akka.persistence.journal.audit.event-adapter-bindings { \"System.Object\" = some }", "binds event adapters")]
    [InlineData("akka.cluster = ${nowhere}", "cannot be read")]
    [InlineData("audit.cluster.seeds = [\"nowhere\"]", "host:port")]
    public async Task the_engine_does_not_start_with(string hocon, string sentence)
    {
        var refusal = await Assert.ThrowsAsync<AkkaEngineException>(
            () => QuickCluster.StartAsync(Address, Store, new EngineOptions(), hocon));
        Assert.Contains(sentence, refusal.Message);
    }

    [Fact]
    public async Task a_cluster_that_does_not_answer_is_named_in_a_sentence()
    {
        var refusal = await Assert.ThrowsAsync<AkkaEngineException>(() => QuickCluster.StartAsync(
            Address, Store, new EngineOptions(), "audit.cluster { seeds = [\"127.0.0.1:1\"], join-timeout = 1s }"));
        Assert.Contains("127.0.0.1:1", refusal.Message);
    }

    [Fact]
    public void a_port_that_is_none_is_refused()
    {
        var refusal = Assert.Throws<AkkaEngineException>(
            () => EnvironmentSettings.Read(name => name == EnvironmentSettings.Port ? "high" : null));
        Assert.Equal("AUDIT_AKKA_PORT \"high\" is not accepted; accepted is a port from 0 to 65535.", refusal.Message);
    }

    [Fact]
    public void the_environment_tells_place_seeds_and_certificate()
    {
        var settings = new Dictionary<string, string>
        {
            [EnvironmentSettings.Host] = "node-1",
            [EnvironmentSettings.Port] = "4054",
            [EnvironmentSettings.Seeds] = "node-1:4053, node-2:4053",
            [EnvironmentSettings.Certificate] = @"C:\keys\""node"".p12",
            [EnvironmentSettings.CertificatePassword] = "secret",
        };
        var config = EnvironmentSettings.Read(name => settings.GetValueOrDefault(name));

        Assert.Equal("node-1", config.GetString("akka.remote.dot-netty.tcp.hostname"));
        Assert.Equal(4054, config.GetInt("akka.remote.dot-netty.tcp.port"));
        Assert.Equal(["node-1:4053", "node-2:4053"], config.GetStringList("audit.cluster.seeds"));
        Assert.True(config.GetBoolean("akka.remote.dot-netty.tcp.enable-ssl"));
        Assert.Equal(@"C:\keys\""node"".p12", config.GetString("akka.remote.dot-netty.tcp.ssl.certificate.path"));
    }
}
