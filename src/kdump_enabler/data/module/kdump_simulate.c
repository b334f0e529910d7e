// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Makes the trouble that the kernel's detectors are for: soft and hard lockups, RCU stalls, hung tasks, oopses, BUGs.
 *
 * One thread for each chosen CPU does it, and insmod waits until all of them have ended. Then it fails on purpose, with
 * EAGAIN, so that no module stays. Each trouble ends by itself after the time that was given, unless the kernel panics.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/nmi.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#define MOST_SECONDS 3600 /* of one hold, of one pause, and of all together */
#define MOST_ITERATIONS 100
#define ANY_CPU (-1)
#define POLL (HZ / 10 + 1)

static char *kind = "";
module_param(kind, charp, 0400);
MODULE_PARM_DESC(kind, "soft-lockup, hard-lockup, rcu-stall, hung-task, oops or bug");

static unsigned int seconds;
module_param(seconds, uint, 0400);
MODULE_PARM_DESC(seconds, "how long to hold the CPU, or to sleep");

static unsigned int iterations = 1;
module_param(iterations, uint, 0400);
MODULE_PARM_DESC(iterations, "how often");

static unsigned int cooldown;
module_param(cooldown, uint, 0400);
MODULE_PARM_DESC(cooldown, "seconds to pause between two times");

static int cpu = ANY_CPU;
module_param(cpu, int, 0400);
MODULE_PARM_DESC(cpu, "on which CPU; -1, the default: on the one that runs insmod");

static bool all_cpus;
module_param(all_cpus, bool, 0400);
MODULE_PARM_DESC(all_cpus, "on all CPUs at once");

static bool disable_preemption;
module_param(disable_preemption, bool, 0400);
MODULE_PARM_DESC(disable_preemption, "hold with preemption off");

static bool disable_softirq;
module_param(disable_softirq, bool, 0400);
MODULE_PARM_DESC(disable_softirq, "hold with softirqs off");

static bool disable_interrupts;
module_param(disable_interrupts, bool, 0400);
MODULE_PARM_DESC(disable_interrupts, "hold with interrupts off");

static char *state = "R";
module_param(state, charp, 0400);
MODULE_PARM_DESC(state, "R: run; D, K, S: sleep uninterruptible, killable, interruptible");

static int *volatile nowhere;

/*
 * The clock says when it is over. It may stand still where no interrupt drives it; then mdelay(), which may be short by
 * a part on emulated processors, ends it after twice the time.
 */
static noinline void kdump_simulate_spin(bool in_rcu)
{
	ktime_t end = ktime_add_ms(ktime_get(), seconds * 1000UL);
	unsigned long left;

	for (left = seconds * 2000UL; left && ktime_before(ktime_get(), end); left--) {
		mdelay(1);
		if (in_rcu) /* else the soft lockup comes first, by default 1 s before */
			touch_softlockup_watchdog();
	}
}

static noinline void kdump_simulate_hold(bool in_rcu)
{
	if (disable_interrupts)
		local_irq_disable();
	if (disable_softirq)
		local_bh_disable();
	if (disable_preemption)
		preempt_disable();
	if (in_rcu)
		rcu_read_lock();

	kdump_simulate_spin(in_rcu);

	if (in_rcu)
		rcu_read_unlock();
	if (disable_preemption)
		preempt_enable();
	if (disable_softirq)
		local_bh_enable();
	if (disable_interrupts)
		local_irq_enable();
}

static noinline void kdump_simulate_sleep(unsigned int how)
{
	long left = (long)seconds * HZ;

	while (left > 0) { /* somebody may wake a sleeper */
		set_current_state(how);
		left = schedule_timeout(left);
	}
}

static noinline void kdump_simulate_null_write(void)
{
	*nowhere = 1;
}

static noinline void kdump_simulate_bug(void)
{
	BUG();
}

static unsigned int sleeping_state(void)
{
	switch (state[0]) {
	case 'D':
		return TASK_UNINTERRUPTIBLE;
	case 'K':
		return TASK_KILLABLE;
	default:
		return TASK_INTERRUPTIBLE;
	}
}

static void make_trouble(void)
{
	if (!strcmp(kind, "oops"))
		kdump_simulate_null_write();
	else if (!strcmp(kind, "bug"))
		kdump_simulate_bug();
	else if (!strcmp(kind, "hung-task"))
		kdump_simulate_sleep(sleeping_state());
	else
		kdump_simulate_hold(!strcmp(kind, "rcu-stall"));
}

static int kdump_simulate_thread(void *unused)
{
	unsigned int number;

	for (number = 1; number <= iterations; number++) {
		pr_notice("%s %u of %u begins on CPU %d\n", kind, number, iterations, raw_smp_processor_id());
		make_trouble();
		pr_notice("%s %u of %u is over\n", kind, number, iterations);
		if (number < iterations)
			schedule_timeout_idle((long)cooldown * HZ);
	}
	return 0;
}

static struct task_struct *begin_on(int number)
{
	struct task_struct *task = kthread_create(kdump_simulate_thread, NULL, "kdump-simulate");

	if (IS_ERR(task))
		return NULL;
	get_task_struct(task);
	kthread_bind(task, number);
	wake_up_process(task);
	return task;
}

/*
 * A thread that oopsed has ended, too: it runs no code of this module any more.
 */
static void wait_for(struct task_struct *task)
{
	while (!READ_ONCE(task->exit_state))
		schedule_timeout_idle(POLL); /* no hung task */
	put_task_struct(task);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	while (count--)
		if (!strcmp(word, words[count]))
			return true;
	return false;
}

static const char *objection(void)
{
	static const char *const holds[] = { "soft-lockup", "hard-lockup", "rcu-stall" };
	static const char *const faults[] = { "oops", "bug" };
	bool sleeps = !strcmp(kind, "hung-task");
	bool off = disable_preemption || disable_softirq || disable_interrupts;

	if (!sleeps && !is_one_of(kind, holds, ARRAY_SIZE(holds)) && !is_one_of(kind, faults, ARRAY_SIZE(faults)))
		return "kind is none that is known";
	if (strlen(state) != 1 || !strchr(sleeps ? "DKS" : "R", state[0]))
		return "state does not fit the kind";
	if (off && !is_one_of(kind, holds, ARRAY_SIZE(holds)))
		return "only what holds a CPU can switch preemption, softirqs or interrupts off";
	if (seconds > MOST_SECONDS || cooldown > MOST_SECONDS || !iterations || iterations > MOST_ITERATIONS ||
	    iterations * (seconds + cooldown) > MOST_SECONDS)
		return "it would take too long";
	if (cpu != ANY_CPU && (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)))
		return "there is no such CPU";
	if (all_cpus && cpu != ANY_CPU)
		return "cpu and all_cpus are two answers";
	return NULL;
}

static int __init kdump_simulate_init(void)
{
	const char *why = objection();
	struct task_struct **tasks;
	int number, first = cpu == ANY_CPU ? raw_smp_processor_id() : cpu;

	if (why) {
		pr_err("%s\n", why);
		return -EINVAL;
	}
	tasks = kcalloc(nr_cpu_ids, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	for_each_online_cpu(number)
		if (all_cpus || number == first)
			tasks[number] = begin_on(number);
	for (number = 0; number < nr_cpu_ids; number++)
		if (tasks[number])
			wait_for(tasks[number]);
	kfree(tasks);
	return -EAGAIN;
}

module_init(kdump_simulate_init);

MODULE_DESCRIPTION("Lockups, stalls, hung tasks and oopses on purpose");
MODULE_AUTHOR("The kdump-enabler developers");
MODULE_LICENSE("Dual MIT/GPL");
