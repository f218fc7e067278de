"""Share the segmentation of a large scan among the jobs of a SLURM cluster.

    pip install "tomoseg-tf[cluster]" dask-jobqueue
    python segment.py scan.zarr result.ome.zarr -w unet_3d_micropillar --jobs 8 --queue gpu

Each job is a worker that streams a range of slices. All jobs must see the files, the weights and
this installation of Python under the same names. A job that ends early is replaced, and its range
is predicted again; the same command goes on after this script itself was stopped.
"""

import click
from dask.distributed import Client

from tomoseg_tf.prediction import segment_file


@click.command(help=__doc__.splitlines()[0])
@click.argument("scan")
@click.argument("result")
@click.option("-w", "--weights", required=True, multiple=True, help="Several are averaged.")
@click.option("--jobs", default=4, show_default=True, help="Workers at most.")
@click.option("--queue", help="Partition of the cluster.")
@click.option("--time", default="01:00:00", show_default=True, help="Of a job.")
@click.option("--cores", default=4, show_default=True, help="Of a job.")
@click.option("--memory", default="16GB", show_default=True, help="Of a job.")
@click.option("--gpus", default=0, help="Of a job.")
@click.option("--here", is_flag=True, help="Start the jobs on this machine, to try the script.")
def main(scan, result, weights, jobs, queue, time, cores, memory, gpus, here):
    """Start the jobs, segment, and end the jobs."""
    from dask_jobqueue import SLURMCluster
    from dask_jobqueue.local import LocalCluster

    settings = {"cores": cores, "processes": 1, "memory": memory, "death_timeout": 600}
    if here:
        cluster = LocalCluster(**settings)
    else:
        extra = [f"--gpus={gpus}"] if gpus else []
        cluster = SLURMCluster(queue=queue, walltime=time, job_extra_directives=extra, **settings)
    with cluster, Client(cluster) as client:
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # jobs that end are started anew
        client.wait_for_workers(1)
        found = segment_file(
            scan, result, weights=list(weights), precision="auto", client=client, notify=click.echo
        )
    for entry in found["classes"]:
        click.echo(f"{entry['name']}: {entry['voxels']} voxels")
    click.echo(f"{found['seconds']:.0f} s")


if __name__ == "__main__":
    main()
